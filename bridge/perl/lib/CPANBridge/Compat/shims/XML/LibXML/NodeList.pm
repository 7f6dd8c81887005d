package XML::LibXML::NodeList;

use 5.014;
use strict;
use warnings;

use XML::LibXML::Boolean ();
use XML::LibXML::Literal ();
use XML::LibXML::Number  ();

use overload
  '""'     => sub { $_[0]->to_literal->value },
  'bool'   => sub { scalar @{ $_[0] } },
  'cmp'    => sub { my ( $left, $right, $swapped ) = @_; return $swapped ? "$right" cmp "$left" : "$left" cmp "$right" },
  fallback => 1;

our $VERSION = '2.0134';

sub new { my ( $class, @nodes ) = @_; return bless [@nodes], $class }

sub new_from_ref {
    my ( $class, $nodes, $keep ) = @_;
    return bless $keep ? $nodes : [@$nodes], $class;
}

sub pop     { my ($self) = @_; return CORE::pop @$self }
sub shift   { my ($self) = @_; return CORE::shift @$self }
sub push    { my ( $self, @nodes ) = @_; return CORE::push @$self, @nodes }
sub unshift { my ( $self, @nodes ) = @_; return CORE::unshift @$self, @nodes }

sub append {
    my ( $self, @lists ) = @_;
    CORE::push @$self, map { ref $_ && $_->isa(__PACKAGE__) ? @$_ : $_ } @lists;
    return scalar @$self;
}

sub prepend {
    my ( $self, @lists ) = @_;
    CORE::unshift @$self, map { ref $_ && $_->isa(__PACKAGE__) ? @$_ : $_ } @lists;
    return scalar @$self;
}

sub get_node     { my ( $self, $at ) = @_; return $self->[ $at - 1 ] }
sub item         { my ( $self, $at ) = @_; return $self->[$at] }
sub size         { my ($self) = @_; return scalar @$self }
sub get_nodelist { my ($self) = @_; return @$self }

sub string_value { my ($self) = @_; return @$self ? $self->[0]->string_value : '' }
sub to_boolean   { my ($self) = @_; return @$self ? XML::LibXML::Boolean->True : XML::LibXML::Boolean->False }
sub to_number    { my ($self) = @_; return XML::LibXML::Number->new( $self->to_literal ) }

sub to_literal {
    my ($self) = @_;
    return XML::LibXML::Literal->new( join '', CORE::map { $_->string_value } @$self );
}

sub to_literal_delimited {
    my ( $self, $between ) = @_;
    return XML::LibXML::Literal->new( join $between, CORE::map { $_->string_value } @$self );
}

sub to_literal_list { my ($self) = @_; return CORE::map { $_->string_value } @$self }

# A sub, a pattern or the like, which sees the node in $_.
sub _code { my ($code) = @_; return ref $code eq 'CODE' ? $code : sub { $_ =~ $code } }

sub map {
    my ( $self, $code ) = @_;
    $code = _code($code);
    my @found = CORE::map { local $_ = $_; $code->($_) } @$self;
    return wantarray ? @found : __PACKAGE__->new(@found);
}

sub grep {
    my ( $self, $code ) = @_;
    $code = _code($code);
    my @found = CORE::grep { $code->($_) } @$self;
    return wantarray ? @found : __PACKAGE__->new(@found);
}

sub sort {
    my ( $self, $code ) = @_;
    $code = _code($code);
    my @found = CORE::sort { $code->( $a, $b ) } @$self;
    return wantarray ? @found : __PACKAGE__->new(@found);
}

sub foreach {
    my ( $self, $code ) = @_;
    $code = _code($code);
    $code->($_) for @$self;
    return wantarray ? @$self : $self;
}

sub reverse {
    my ($self) = @_;
    my @found = CORE::reverse @$self;
    return wantarray ? @found : __PACKAGE__->new(@found);
}

sub reduce {
    my ( $self, $code, @start ) = @_;
    $code = _code($code);
    my @list = ( @start, @$self );
    my $result = CORE::shift @list;
    $result = $code->( $result, $_ ) for @list;
    return $result;
}

sub iterator {
    my ($self) = @_;
    warn "this function is obsolete!\nIt was disabled in version 1.54\n";
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::NodeList - lists of nodes (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
