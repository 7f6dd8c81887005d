package XML::XPath::Function;

use 5.014;
use strict;
use warnings;

use POSIX ();

use XML::XPath::Boolean;
use XML::XPath::Literal;
use XML::XPath::Node ();
use XML::XPath::NodeSet;
use XML::XPath::Number;

our $VERSION = '1.48';

# Each sub here that does not begin with _ is a function of XPath, with _ for each -. It gets an object that knows the
# parser, the node, and the arguments' values.

sub _literal { return XML::XPath::Literal->_of( $_[0] ) }
sub _number  { return XML::XPath::Number->new( $_[0] ) }
sub _boolean { return $_[0] ? XML::XPath::Boolean->True : XML::XPath::Boolean->False }

# Calls a function.
sub _call {
    my ( $parser, $name, $node, @values ) = @_;
    ( my $sub = $name ) =~ tr/-/_/;
    my $found = $sub !~ /\A(?:_|import\z|unimport\z|DESTROY\z|BEGIN\z)/ && __PACKAGE__->can($sub);
    die "XPath: there is no function called $name\n" if !$found || !defined &{$found} || UNIVERSAL->can($sub);
    return $found->( bless( { pp => $parser, name => $name }, __PACKAGE__ ), $node, @values );
}

sub _want {
    my ( $self, $least, $most, $count ) = @_;
    return if $count >= $least && ( !defined $most || $count <= $most );
    my $wanted = !defined $most ? "at least $least" : $least == $most ? $least : "$least to $most";
    die "XPath: $self->{name}() takes $wanted arguments, not $count\n";
}

sub _set {
    my ( $self, $value ) = @_;
    return $value if ref $value && $value->isa('XML::XPath::NodeSet');
    die "XPath: $self->{name}: its argument must be a set of nodes\n";
}

# The first node of the argument, or the node where the function stands.
sub _first {
    my ( $self, $node, @values ) = @_;
    $self->_want( 0, 1, scalar @values );
    return @values ? $self->_set( $values[0] )->[0] : $node;
}

# The text of the argument, or of the node where the function stands.
sub _text {
    my ( $self, $node, @values ) = @_;
    $self->_want( 0, 1, scalar @values );
    return @values ? $values[0]->string_value : $node->string_value;
}

# --- nodes ------------------------------------------------------------------------------------------------------------

sub last     { my ($self) = @_; return _number( $self->{pp}->get_context_size ) }
sub position { my ($self) = @_; return _number( $self->{pp}->get_context_pos ) }

sub count { my ( $self, $node, @values ) = @_; $self->_want( 1, 1, scalar @values ); return _number( $self->_set( $values[0] )->size ) }

sub id {
    my ( $self, $node, @values ) = @_;
    $self->_want( 1, 1, scalar @values );
    my @texts = $values[0]->isa('XML::XPath::NodeSet') ? map { $_->string_value } @{ $values[0] } : $values[0]->string_value;
    my @found = grep { defined } map { $node->getElementById($_) } map { split ' ' } @texts;
    return XML::XPath::NodeSet->new( XML::XPath::Node::_in_order(@found) );
}

sub _name { my ($name) = @_; return _literal( defined $name ? $name : '' ) }

sub name       { my $first = _first(@_); return _name( $first && $first->getName ) }
sub local_name { my $first = _first(@_); return _name( $first && $first->getLocalName ) }

sub namespace_uri {
    my $first = _first(@_);
    my $namespace = $first && $first->getNamespace;
    return _name( $namespace && $namespace->getExpanded );
}

# --- strings ----------------------------------------------------------------------------------------------------------

sub string { return _literal( _text(@_) ) }

sub concat {
    my ( $self, $node, @values ) = @_;
    $self->_want( 2, undef, scalar @values );
    return _literal( join '', map { $_->string_value } @values );
}

sub _two { my ( $self, $node, @values ) = @_; $self->_want( 2, 2, scalar @values ); return map { $_->string_value } @values }

sub starts_with { my ( $text, $part ) = _two(@_); return _boolean( substr( $text, 0, length $part ) eq $part ) }

sub contains { my ( $text, $part ) = _two(@_); return _boolean( index( $text, $part ) >= 0 ) }

sub substring_before {
    my ( $text, $part ) = _two(@_);
    my $at = index $text, $part;
    return _literal( $at < 0 ? '' : substr $text, 0, $at );
}

sub substring_after {
    my ( $text, $part ) = _two(@_);
    my $at = index $text, $part;
    return _literal( $at < 0 ? '' : substr $text, $at + length $part );
}

# From a place on, which counts from 1 and is rounded; comparisons leave out what is not a number.
sub substring {
    my ( $self, $node, @values ) = @_;
    $self->_want( 2, 3, scalar @values );
    my $text = shift(@values)->string_value;
    my ( $start, $length ) = map { _rounded($_) } @values;
    my $end = @values > 1 ? $start + $length : 9**9**9;
    my ( $from, $to ) = ( $start < 1 ? 1 : $start, $end > length($text) + 1 ? length($text) + 1 : $end );
    return _literal( $from < $to && $start == $start && $end == $end ? substr $text, $from - 1, $to - $from : '' );
}

sub _rounded { my ($value) = @_; my $number = _perl($value); return $number == $number && abs $number < 1e300 ? POSIX::floor( $number + 0.5 ) : $number }

# The number in Perl. A division by zero is a literal in the original, which others may have made their own.
sub _perl {
    my ($value) = @_;
    my $text = $value->string_value;
    return 9**9**9  if $text eq 'Infinity';
    return -9**9**9 if $text eq '-Infinity';
    return -sin 9**9**9 if $text eq 'NaN';
    return $value->to_number->_number;
}

sub string_length { return _number( length _text(@_) ) }

sub normalize_space {
    my $text = _text(@_);
    $text =~ s/\A[ \t\r\n]+|[ \t\r\n]+\z//g;
    $text =~ s/[ \t\r\n]+/ /g;
    return _literal($text);
}

sub translate {
    my ( $self, $node, @values ) = @_;
    $self->_want( 3, 3, scalar @values );
    my ( $text, @sets ) = map { $_->string_value } @values;
    my ( $from, $to ) = map { [ split //, $_ ] } @sets;
    my %map;
    for my $at ( reverse 0 .. $#$from ) { $map{ $from->[$at] } = defined $to->[$at] ? $to->[$at] : '' }
    return _literal( join '', map { exists $map{$_} ? $map{$_} : $_ } split //, $text );
}

# Of XPath 2.0, with Perl's regular expressions.
sub matches {
    my ( $self, $node, @values ) = @_;
    $self->_want( 2, 3, scalar @values );
    my ( $text, $pattern, $flags ) = map { $_->string_value } @values;
    $flags = '' if !defined $flags;
    die "XPath: matches() knows the flags i, m, q, s and x, not $flags\n" if $flags =~ /[^imqsx]/;
    $pattern = quotemeta $pattern if $flags =~ s/q//g;
    my $found = eval { $text =~ /(?$flags:$pattern)/ ? 1 : 0 };
    if ( !defined $found ) { ( my $why = $@ ) =~ s/ at \S+ line \d+.*//s; die "XPath: matches(): $why\n" }
    return _boolean($found);
}

# --- truth and numbers ------------------------------------------------------------------------------------------------

sub boolean { my ( $self, $node, @values ) = @_; $self->_want( 1, 1, scalar @values ); return $values[0]->to_boolean }

sub not { my ( $self, $node, @values ) = @_; $self->_want( 1, 1, scalar @values ); return _boolean( !$values[0]->to_boolean->value ) }

sub true  { return XML::XPath::Boolean->True }
sub false { return XML::XPath::Boolean->False }

sub lang {
    my ( $self, $node, @values ) = @_;
    $self->_want( 1, 1, scalar @values );
    my $wanted = lc $values[0]->string_value;
    for ( ; $node ; $node = $node->getParentNode ) {
        my $is_ours = $node->isa('XML::XPath::Node');
        my $language = $is_ours ? $node->getAttribute('xml:lang') : CPANBridge::Compat::XML::XPath::Foreign::attribute( $node, 'xml:lang' );
        return _boolean( lc($language) =~ /\A\Q$wanted\E(?:-|\z)/ ) if defined $language;
    }
    return _boolean(0);
}

sub number {
    my ( $self, $node, @values ) = @_;
    $self->_want( 0, 1, scalar @values );
    return @values ? $values[0]->to_number : $node->to_number;
}

sub sum {
    my ( $self, $node, @values ) = @_;
    $self->_want( 1, 1, scalar @values );
    my $sum = 0;
    $sum += $_->to_number->_number for @{ $self->_set( $values[0] ) };
    return _number($sum);
}

sub _one { my ( $self, $node, @values ) = @_; $self->_want( 1, 1, scalar @values ); return $values[0] }

sub floor   { return _number( POSIX::floor( _perl( _one(@_) ) ) ) }
sub ceiling { return _number( POSIX::ceil( _perl( _one(@_) ) ) ) }
sub round   { return _number( _rounded( _one(@_) ) ) }

1;

__END__

=head1 NAME

XML::XPath::Function - XPath's functions, and those of a program

=head1 SYNOPSIS

    sub XML::XPath::Function::upper {
        my ( $self, $node, @values ) = @_;
        return XML::XPath::Literal->new( uc $values[0]->string_value );
    }
    print $xp->findvalue('upper(//name)');

=head1 WHAT IS COVERED

All functions of XPath 1.0, and C<matches> of XPath 2.0 with Perl's regular expressions and the flags C<i>, C<m>, C<q>, C<s> and C<x>. Subs that
a program adds to this package are functions, too; a C<-> in a function's name is a C<_> in the sub's.

A wrong number of arguments is an error.

=cut
