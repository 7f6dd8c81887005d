package CPANBridge::Compat::LibXML::Canonical;

# Canonical XML 1.0 and 1.1, and exclusive canonical XML.
use 5.014;
use strict;
use warnings;
no warnings 'recursion';

use CPANBridge::Compat::LibXML::Tree qw(:all);
use Scalar::Util qw(refaddr);

our $VERSION = '0.1.0';

my %TEXT  = ( '&' => '&amp;', '<' => '&lt;', '>' => '&gt;', "\r" => '&#xD;' );
my %VALUE = ( '&' => '&amp;', '<' => '&lt;', '"' => '&quot;', "\t" => '&#x9;', "\n" => '&#xA;', "\r" => '&#xD;' );

# How: exclusive, prefixes (an array, for exclusive), comments, visible (the nodes that are to be seen, an
# array; all by default).
sub canonical {
    my ( $node, %how ) = @_;
    my $self = { %how, out => '' };
    if ( $how{visible} ) {
        my ( %seen, %namespaces );
        for my $visible ( @{ $how{visible} } ) {
            if ( $visible->[TYPE] == NAMESPACE ) { $namespaces{ refaddr $visible->[PARENT] }{ $visible->[NAME] } = 1 }
            else                                 { $seen{ refaddr $visible} = 1 }
        }
        @$self{qw(seen namespaces)} = ( \%seen, \%namespaces );
    }
    $self->{inclusive} = { map { ( $_ eq '#default' ? '' : $_ ) => 1 } @{ $how{prefixes} || [] } };
    my $type = $node->[TYPE];
    if ( $type == DOCUMENT || $type == HTML ) { _document( $self, $node ) }
    else {
        # A part of a document on its own: as if all of it were chosen.
        _node( $self, $node, {}, !$how{visible} );
    }
    return $self->{out};
}

sub _document {
    my ( $self, $document ) = @_;
    my $after = 0;
    for my $kid ( @{ $document->[KIDS] } ) {
        if ( $kid->[TYPE] == ELEMENT ) { _node( $self, $kid, {}, 1 ); $after = 1; next }
        next if $kid->[TYPE] != PI && !( $kid->[TYPE] == COMMENT && $self->{comments} );
        next if $self->{seen} && !$self->{seen}{ refaddr $kid };
        $self->{out} .= "\n" if $after;
        _node( $self, $kid, {} );
        $self->{out} .= "\n" if !$after;
    }
    return;
}

# Given is what the elements above have written of namespaces: prefix -> URI.
sub _node {
    my ( $self, $node, $given, $top ) = @_;
    my $seen = !$self->{seen} || $self->{seen}{ refaddr $node };
    my $type = $node->[TYPE];
    if ( $type == ELEMENT ) { return _element( $self, $node, $given, $top, $seen ) }
    if ( $type == FRAGMENT ) { _node( $self, $_, $given, 1 ) for @{ kids($node) || [] }; return }
    return if !$seen;
    if ( $type == TEXT || $type == CDATA ) { $self->{out} .= $node->[VALUE] =~ s/([&<>\r])/$TEXT{$1}/gr }
    elsif ( $type == COMMENT ) { $self->{out} .= '<!--' . ( $node->[VALUE] =~ s/\r/&#xD;/gr ) . '-->' if $self->{comments} }
    elsif ( $type == PI ) {
        $self->{out} .= "<?$node->[NAME]" . ( defined $node->[VALUE] && length $node->[VALUE] ? ' ' . ( $node->[VALUE] =~ s/\r/&#xD;/gr ) : '' ) . '?>';
    }
    elsif ( $type == ATTRIBUTE ) { $self->{out} .= _attribute($node) }
    elsif ( $type == ENTITYREF ) { $self->{out} .= text_of($node) =~ s/([&<>\r])/$TEXT{$1}/gr }
    return;
}

sub _attribute { my ($node) = @_; return ' ' . qname($node) . '="' . ( attribute_value($node) =~ s/([&<"\t\n\r])/$VALUE{$1}/gr ) . '"' }

sub _element {
    my ( $self, $node, $given, $top, $seen ) = @_;
    if ($seen) {
        my %given = %$given;
        my $name = qname($node);
        $self->{out} .= "<$name";
        my @attributes = grep { !$self->{seen} || $self->{seen}{ refaddr $_ } } @{ attrs($node) || [] };
        my %write = _namespaces( $self, $node, \%given, \@attributes );
        for my $prefix ( sort keys %write ) {
            $given{$prefix} = $write{$prefix};
            $self->{out} .= ( length $prefix ? " xmlns:$prefix" : ' xmlns' ) . '="' . ( $write{$prefix} =~ s/([&<"\t\n\r])/$VALUE{$1}/gr ) . '"';
        }
        push @attributes, _inherited( $self, $node ) if !$self->{exclusive};
        my @sorted = map { $_->[2] } sort { $a->[0] cmp $b->[0] || $a->[1] cmp $b->[1] }
          map { [ $_->[NS] && defined $_->[NS][1] ? $_->[NS][1] : '', $_->[NAME], $_ ] } @attributes;
        $self->{out} .= _attribute($_) for @sorted;
        $self->{out} .= '>';
        _node( $self, $_, \%given ) for @{ kids($node) || [] };
        $self->{out} .= "</$name>";
        return;
    }
    if ( $self->{seen} ) {
        # Of an element that is not seen, those of its attributes that are stand bare.
        for my $attribute ( grep { $self->{seen}{ refaddr $_ } } @{ attrs($node) || [] } ) { $self->{out} .= _attribute($attribute) }
    }
    _node( $self, $_, $given ) for @{ kids($node) || [] };
    return;
}

# The declarations that an element must show: prefix -> URI.
sub _namespaces {
    my ( $self, $node, $given, $attributes ) = @_;
    my %scope;
    for my $ns ( reverse in_scope($node) ) { $scope{ $ns->[0] } = $ns->[1] }
    my $chosen = $self->{seen} ? $self->{namespaces}{ refaddr $node } || {} : undef;
    my %wanted;
    if ( $self->{exclusive} ) {
        my %used;
        for my $one ( $node, @$attributes ) {
            my $ns = $one->[NS];
            $used{ $ns && defined $ns->[1] ? $ns->[0] : '' } = 1 if $one == $node || $ns;
        }
        for my $prefix ( keys %used ) { $wanted{$prefix} = exists $scope{$prefix} ? $scope{$prefix} : '' }
        for my $prefix ( keys %{ $self->{inclusive} } ) { $wanted{$prefix} = $scope{$prefix} if exists $scope{$prefix} }
    }
    else {
        %wanted = %scope;
        $wanted{''} = '' if !exists $wanted{''};
    }
    delete $wanted{xml};
    if ($chosen) { for my $prefix ( keys %wanted ) { delete $wanted{$prefix} if length $wanted{$prefix} && !$chosen->{$prefix} } }
    my %write;
    for my $prefix ( keys %wanted ) {
        my $known = exists $given->{$prefix} ? $given->{$prefix} : '';
        $write{$prefix} = $wanted{$prefix} if $known ne $wanted{$prefix} && ( length $prefix ? length $wanted{$prefix} : 1 );
    }
    return %write;
}

# Attributes of the prefix xml that elements above it have which are not seen.
sub _inherited {
    my ( $self, $node ) = @_;
    my $parent = $node->[PARENT];
    return if !$self->{seen} || !$parent || $parent->[TYPE] != ELEMENT || $self->{seen}{ refaddr $parent };
    my %own = map { $_->[NAME] => 1 } grep { $_->[NS] && defined $_->[NS][1] && $_->[NS][1] eq XML_NS } @{ attrs($node) || [] };
    $own{id} = 1 if $self->{version};
    my @found;
    for ( ; $parent && $parent->[TYPE] == ELEMENT && !$self->{seen}{ refaddr $parent } ; $parent = $parent->[PARENT] ) {
        for my $attribute ( @{ attrs($parent) || [] } ) {
            next if !$attribute->[NS] || $attribute->[NS][1] ne XML_NS || $own{ $attribute->[NAME] }++;
            push @found, $attribute;
        }
    }
    return @found;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Canonical - canonical XML

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it.

=head1 FUNCTIONS

=head2 canonical

    my $text = canonical( $node, comments => $bool, exclusive => $bool, prefixes => \@prefixes, visible => \@nodes );

=cut
