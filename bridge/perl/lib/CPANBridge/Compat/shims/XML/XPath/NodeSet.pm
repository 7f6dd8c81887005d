package XML::XPath::NodeSet;

use 5.014;
use strict;
use warnings;

use XML::XPath::Boolean;
use XML::XPath::Literal;
use XML::XPath::Node ();
use XML::XPath::Number;

our $VERSION = '1.48';

use overload
  '""'   => sub { return $_[0]->to_literal->value },
  'bool' => sub { return scalar @{ $_[0] } },
  '0+'   => sub { return $_[0]->to_number->_number },
  'eq'   => sub { return "$_[0]" eq ( defined $_[1] ? "$_[1]" : '' ) },
  'cmp'  => sub { my $order = "$_[0]" cmp( defined $_[1] ? "$_[1]" : '' ); return $_[2] ? -$order : $order },
  fallback => 1;

sub new { my ( $class, @nodes ) = @_; return bless [@nodes], $class }

sub get_nodelist { my ($self) = @_; return @$self }
sub get_node     { my ( $self, $at ) = @_; return $at < 1 ? undef : $self->[ $at - 1 ] }
sub size         { return scalar @{ $_[0] } }

sub push    { my ( $self, @nodes ) = @_; return CORE::push @$self, @nodes }
sub pop     { my ($self) = @_; return CORE::pop @$self }
sub unshift { my ( $self, @nodes ) = @_; return CORE::unshift @$self, @nodes }
sub shift   { my ($self) = @_; return CORE::shift @$self }
sub append  { my ( $self, $other ) = @_; return CORE::push @$self, $other->get_nodelist }
sub prepend { my ( $self, $other ) = @_; return CORE::unshift @$self, $other->get_nodelist }

sub sort { my ($self) = @_; @$self = XML::XPath::Node::_in_order(@$self); return $self }

sub remove_duplicates {
    my ($self) = @_;
    my %seen;
    @$self = grep { !$seen{ Scalar::Util::refaddr($_) }++ } @$self;
    return $self;
}

sub getRootNode { my ($self) = @_; return @$self ? $self->[0]->getRootNode : undef }

# That of the first node.
sub string_value { my ($self) = @_; return @$self ? $self->[0]->string_value : '' }

# That of all nodes.
sub to_literal { my ($self) = @_; return XML::XPath::Literal->_of( join '', map { $_->string_value } @$self ) }

sub to_boolean { return @{ $_[0] } ? XML::XPath::Boolean->True : XML::XPath::Boolean->False }
sub to_number  { my ($self) = @_; return XML::XPath::Number->new( $self->string_value ) }

1;

__END__

=head1 NAME

XML::XPath::NodeSet - nodes that were found

=head1 SYNOPSIS

    my $set = $xp->find('//server');
    print $_->getName, "\n" for $set->get_nodelist;
    print $set->size, ' ', $set->get_node(1)->toString, "\n";

=head1 WHAT IS COVERED

C<new>, C<get_nodelist>, C<get_node> (from 1), C<size>, C<push>, C<pop>, C<shift>, C<unshift>, C<append>, C<prepend>, C<sort>, C<remove_duplicates>,
C<getRootNode>, C<string_value> (of the first node), C<to_literal> (of all nodes), C<to_number>, C<to_boolean>. In Perl it is the text of all
nodes, and false without any.

=cut
